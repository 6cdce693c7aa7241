"""Pure rules of an approval: what a set of decisions means for a step, and what a content hash covers."""
