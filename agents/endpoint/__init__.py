"""What endpoints differ in: how a request may look, how an answer comes dressed, and what a failure means."""
