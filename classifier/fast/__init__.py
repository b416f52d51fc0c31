"""The fast path: what rules and model do with one application, done for hundreds at once with the same numbers."""
