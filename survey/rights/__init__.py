"""What people may ask of us: what is held of them, being forgotten, how long data is kept, and the register of it."""
