"""How people get in: sign-in, sessions at the gate, the bank's identity provider."""
