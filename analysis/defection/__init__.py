"""Who has defected: rules on the histories of visits and purchases."""
