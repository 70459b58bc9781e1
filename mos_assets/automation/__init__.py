"""What starts a retrain without a person: two sensors, a schedule, and the job they launch."""
