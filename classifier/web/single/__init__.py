"""Behind the page 单笔识别."""
