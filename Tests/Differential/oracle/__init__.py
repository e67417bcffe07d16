"""What compares Squilla with Flink: the cases, both engines, and the cells of their answers."""
