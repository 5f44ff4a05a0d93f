"""The declarations behind `lyceum.schema`, one file per family of tables."""
