"""Networks that come with the project as a recipe: their weights are a package of an extra.

`efficientnet` turns those weights into ONNX, `folder` writes the folder of the network. What stands
in that folder beside the ONNX file lies here in a folder of the network's name.
"""

from mos_assets.networks.shipped.folder import SHIPPED, Added, Shipped, add_network

__all__ = ["SHIPPED", "Added", "Shipped", "add_network"]
