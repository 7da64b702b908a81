"""Hooks: what a plugin may implement, and how plugins are found and loaded, each alone.

Clients and receivers share this room. A plugin's author imports from `fulfillment_sdk.plugins`.
"""
