"""The NGSI-LD face (ETSI GS CIM 009 V1.9.1) of the exchange."""
