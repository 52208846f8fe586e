"""Make the starter models anew from the examples and the word lists: `make starter`."""

from analysis.reasons.encoder import CharacterEncoder, default_encoder
from analysis.reasons.starter import shipped, trained_with

for encoder_id in (CharacterEncoder.id, default_encoder().id):
    trained_with(encoder_id).save(shipped(encoder_id))
