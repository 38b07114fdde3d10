"""THE BROWSER, and where all is assembled."""
