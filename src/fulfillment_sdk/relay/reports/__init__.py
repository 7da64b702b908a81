"""What the relay tells: pages of what is pending, dead or aside, figures, a line an attempt."""
