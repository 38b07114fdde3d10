"""From what a customer wants to what an access point reads. Pure: values in, bytes out."""
