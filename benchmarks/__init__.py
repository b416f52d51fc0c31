"""What the product costs beside what it is compared with: ratios from one run on one machine, never asserted by a test."""
