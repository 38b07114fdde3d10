"""WHEN: the timetable, the queues, and every job, each one thought."""
