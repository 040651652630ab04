"""When something has to be done by: due dates that follow from facts and the protocol."""
