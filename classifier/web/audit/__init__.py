"""Behind the page 审计."""
