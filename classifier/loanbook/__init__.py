"""A loan book (贷款台账) as banks keep it: its file, its columns, its rows, and what is added to them."""
