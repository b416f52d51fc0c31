"""Behind the page 批量识别, and the background jobs."""
