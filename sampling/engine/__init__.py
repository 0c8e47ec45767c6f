"""Engines that turn prompts into completions: plain Python and torch, no Django.

Import from the modules themselves; this package imports none of them, so that reading the
protocol never loads torch.
"""
