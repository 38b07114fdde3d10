"""Django's MySQL backend for a writer that another server may take over from: ``ENGINE: console.mysql``."""
