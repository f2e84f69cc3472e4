"""An adapter as merged safetensors or as GGUF."""
