"""Slurm: GPU hours of batch jobs by its accounting."""
