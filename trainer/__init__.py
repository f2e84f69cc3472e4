"""The plain trainer: reads an exported preference dataset, writes a LoRA adapter trained with DPO.

A package apart. It imports nothing else of this project: the dataset folder is the whole contract.
"""
