"""Behind the page 复核."""
