"""The gameserver: owns the rooms of its region, decides, journals, shows."""
