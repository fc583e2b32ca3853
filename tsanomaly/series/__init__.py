"""What comes in: reading, diagnosis, grid."""
