"""What the office does with approvals, one folder per module. Each stands on the core; the core knows none of them."""
