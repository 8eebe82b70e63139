"""Locks between processes, and what a disk refuses as errors of ours."""
