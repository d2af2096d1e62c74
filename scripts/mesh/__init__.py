"""The recipe of the face mesh network: crops, the teacher's labels, damage, pictures of the result."""
