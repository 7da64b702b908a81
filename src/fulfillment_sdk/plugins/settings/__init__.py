"""Settings of sinks and plugins: typed, checked strictly, and told of without their secrets."""
