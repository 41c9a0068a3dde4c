"""Drawings as self-contained SVG and HTML: no scripts, nothing loaded from elsewhere, readable in light and dark.

Text has the colour of the page around it, and areas are translucent, so a drawing follows whatever theme a notebook
has; one that stands alone follows the reader's system.
"""
