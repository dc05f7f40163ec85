"""The log as others see it: tiles and checkpoints for anybody who watches it, witnesses of ours, logs that we watch."""
