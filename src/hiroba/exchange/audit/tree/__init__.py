"""The Merkle tree over the leaves (RFC 6962 §2, RFC 9162 §2): hashes, proofs, tiles. Pure, without a table or a clock."""
