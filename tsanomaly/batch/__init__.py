"""Scoring on a schedule: jobs, sources and sinks, the runner, alerts."""
