"""How the schema came to be, step by step; applied steps are never edited."""
