"""A folder of pictures of one's own: its layout, its roles, and its pixels."""
