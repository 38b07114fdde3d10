"""uCentral over WebSocket, without I/O: bytes in, actions out."""
