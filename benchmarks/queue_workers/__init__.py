"""What a worker costs a message: ours, a bare loop, and what others build workers with, on one job."""
