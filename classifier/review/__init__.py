"""What people decide, and the proof of it."""
