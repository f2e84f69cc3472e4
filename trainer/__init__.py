"""The trainer: reads an exported preference dataset and writes a LoRA adapter, computing once what pairs share.

A package apart. It imports nothing else of this project: the dataset folder is the whole contract.
"""
