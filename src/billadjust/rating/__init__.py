"""What usage and fees should have cost (§4, §5)."""
