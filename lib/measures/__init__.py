"""What is measured at a point or of a network, and how measures are judged."""
