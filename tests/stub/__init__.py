"""An OpenAI-compatible server for tests and benchmarks: it answers from planted truth and plays faults."""
