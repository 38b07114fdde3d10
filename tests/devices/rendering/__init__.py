"""Rendering, held to the uCentral schema and to rules of our own that are stricter."""
