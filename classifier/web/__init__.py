"""The web app: pages, sign-in, background jobs."""
