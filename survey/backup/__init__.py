"""The whole installation in one file, made while others write, and restored into an empty place.

It needs no program that is not there, and keeps no writer waiting.
"""
