"""Latent video diffusion of a talking portrait, after Hallo (2024): what is drawn, by which networks, and where the voice may act."""
