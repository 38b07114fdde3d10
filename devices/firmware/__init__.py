"""Firmware images: what their files say, how they come in, who is offered them."""
