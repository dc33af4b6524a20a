"""Everything that ships to Lambda. One package per room; docs/ARCHITECTURE.md tells what each holds."""
