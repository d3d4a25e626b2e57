-- The plan of the house: beds that are there whoever is in them.
CREATE TABLE bed (
    ward TEXT NOT NULL,
    bed TEXT NOT NULL,
    room TEXT,
    PRIMARY KEY (ward, bed)
) STRICT;
